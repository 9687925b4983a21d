/**
 * Styles that follow from data, set through the element's own style object: the pages' policy forbids
 * style attributes, and lit's styleMap writes one when it first draws.
 */
import { noChange } from 'lit-html';
import type { ElementPart, PartInfo } from 'lit-html/directive.js';
import { Directive, directive, PartType } from 'lit-html/directive.js';

/** Names as in CSS. */
type Styles = Readonly<Record<string, string>>;

class Styled extends Directive {
  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error('styled() stands among the attributes.');
  }

  override readonly render: (styles: Styles) => typeof noChange = () => noChange;

  override update({ element }: ElementPart, [styles]: [Styles]): typeof noChange {
    if (element instanceof HTMLElement)
      for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, value);
    return noChange;
  }
}

/** `<span ${styled({ width: '30%' })}></span>`; the same names at each drawing. */
export const styled = directive(Styled);
