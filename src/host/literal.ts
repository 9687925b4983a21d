/** As text in Markdown and in HTML: nothing in it means anything to either. */
export function literal(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`);
}
