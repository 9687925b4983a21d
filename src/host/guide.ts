/**
 * A guided input: questions one after the other, each a quick pick or an input box that says which
 * question of how many it is, with a way back to the one before. Leaving any of them leaves all.
 */
import * as vscode from 'vscode';

/** The answer of a person who wants the question before. */
export const BACK = Symbol('back');
/** Undefined: a person wants no more of it. */
export type Answer<T> = T | typeof BACK | undefined;

/** Where in the guide a question stands. */
export interface Place {
  readonly title: string;
  readonly step: number;
  readonly of: number;
}

/** Asks, given what was answered so far, and gives what the answer adds. */
export type Question<Answers> = (
  answers: Partial<Answers>,
  place: Place,
) => Promise<Answer<Partial<Answers>>>;

/**
 * What was answered, or undefined where a person left.
 *
 * @param known what need not be asked
 */
export async function guide<Answers extends object>(
  title: string,
  questions: readonly Question<Answers>[],
  known: Partial<Answers> = {},
): Promise<Partial<Answers> | undefined> {
  let answers = known;
  for (let at = 0; at < questions.length;) {
    const place = { title, step: at + 1, of: questions.length };
    const answer = await questions[at]!(answers, place);
    if (answer === undefined) return undefined;
    if (answer === BACK) {
      at--;
      continue;
    }
    // What was answered after it stays, as what is proposed when the guide comes there again.
    answers = { ...answers, ...answer };
    at++;
  }
  return answers;
}

export interface PickOptions<Item> {
  readonly items: readonly Item[];
  readonly placeHolder: string;
  /** The one to propose. */
  readonly active?: ((item: Item) => boolean) | undefined;
  /** Brings the items up to date while the pick is open. Never throws. */
  readonly fill?: (update: (items: readonly Item[]) => void, signal: AbortSignal) => Promise<void>;
}

/** One of the items. */
export function pick<Item extends vscode.QuickPickItem>(
  place: Place,
  { items, placeHolder, active, fill }: PickOptions<Item>,
): Promise<Answer<Item>> {
  const picker = vscode.window.createQuickPick<Item>();
  picker.placeholder = placeHolder;
  picker.matchOnDetail = true;
  picker.keepScrollPosition = true;
  picker.items = items;
  const proposed = active && items.find(active);
  if (proposed) picker.activeItems = [proposed];
  const closed = new AbortController();
  return new Promise((resolve) => {
    picker.onDidAccept(() => {
      const [chosen] = picker.selectedItems;
      if (chosen) finish(picker, resolve, chosen);
    });
    open(picker, place, resolve, closed);
    if (!fill) return;
    picker.busy = true;
    const update = (now: readonly Item[]): void => {
      if (closed.signal.aborted) return;
      const [label] = picker.activeItems.map((item) => item.label);
      picker.items = now;
      picker.activeItems = now.filter((item) => item.label === label);
    };
    // Whoever fills says in the items what could not be found out.
    void fill(update, closed.signal).finally(() => {
      if (!closed.signal.aborted) picker.busy = false;
    });
  });
}

export interface InputOptions {
  readonly value: string;
  readonly prompt: string;
  /** What is wrong with a value; it is then not taken. */
  readonly problem?: (value: string) => string | undefined;
  /** What follows from a value that nothing is wrong with, shown once it is known. Never throws. */
  readonly note?: (value: string, signal: AbortSignal) => Promise<string | undefined>;
}

/** A line of text, without the spaces around it. */
export function input(place: Place, options: InputOptions): Promise<Answer<string>> {
  const { value, prompt, problem, note } = options;
  const box = vscode.window.createInputBox();
  box.value = value;
  box.prompt = prompt;
  const closed = new AbortController();
  let typing = new AbortController();
  /** Whether the value can be taken. */
  function judge(): boolean {
    typing.abort();
    typing = new AbortController();
    const text = box.value.trim();
    const message = problem?.(text);
    box.validationMessage = message;
    box.prompt = prompt;
    if (message !== undefined) return false;
    const signal = AbortSignal.any([closed.signal, typing.signal]);
    void note?.(text, signal).then((remark) => {
      if (remark !== undefined && !signal.aborted) box.prompt = `${prompt} ${remark}`;
    });
    return true;
  }
  return new Promise((resolve) => {
    box.onDidChangeValue(judge);
    box.onDidAccept(() => {
      if (judge()) finish(box, resolve, box.value.trim());
    });
    open(box, place, resolve, closed);
    judge();
  });
}

type Input = vscode.QuickPick<vscode.QuickPickItem> | vscode.InputBox;

function open<T>(
  shown: Input,
  place: Place,
  resolve: (answer: Answer<T>) => void,
  closed: AbortController,
): void {
  shown.title = place.title;
  if (place.of > 1) {
    shown.step = place.step;
    shown.totalSteps = place.of;
  }
  shown.ignoreFocusOut = true;
  if (place.step > 1) shown.buttons = [vscode.QuickInputButtons.Back];
  shown.onDidTriggerButton((button) => {
    if (button === vscode.QuickInputButtons.Back) finish(shown, resolve, BACK);
  });
  shown.onDidHide(() => {
    closed.abort();
    shown.dispose();
    // Comes after the answer where there was one, and is nothing new then.
    resolve(undefined);
  });
  shown.show();
}

function finish<T>(shown: Input, resolve: (answer: Answer<T>) => void, answer: Answer<T>): void {
  resolve(answer);
  shown.hide();
}
