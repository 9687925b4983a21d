/** What a tool is: a name, and a text that comes out for a text that goes in. */

export interface Tool {
  /** As a call names it. */
  readonly name: string;
  /** One line for people, and for a model that is told what there is. */
  readonly description: string;
  /** What a call hands over: the one argument that a model is told of. */
  readonly input: { readonly name: string; readonly description: string };
  /**
   * The answer as a text. What goes wrong is thrown, in words that the model is shown. Who computes
   * without a pause bounds the work itself: an abort reaches only a tool that lets others run.
   */
  run(input: string, signal: AbortSignal): Promise<string>;
}
