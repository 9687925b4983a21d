/**
 * The keys of the desk: single letters where nobody is writing, since every key with Ctrl or Alt is VS
 * Code's own; Ctrl+Enter and Escape everywhere.
 */
import { never } from '../shared/host';
import { judge } from './judgeView';
import type { Page } from './page';
import { closePanel } from './panels';
import { openSkip } from './workView';

const isField = (target: EventTarget | null): target is HTMLElement =>
  target instanceof HTMLTextAreaElement ||
  target instanceof HTMLSelectElement ||
  target instanceof HTMLInputElement;

export function onKey(page: Page, event: KeyboardEvent): void {
  page.touch();
  if (event.isComposing || event.altKey) return;
  const { target } = event;
  if (event.key === 'Escape') {
    if (page.drafter.isBusy) page.drafter.stop();
    else if (page.panel !== 'none') closePanel(page);
    else if (isField(target)) target.blur();
    return;
  }
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    const inAnswer = target instanceof Element && target.matches('.task *');
    if (page.panel === 'prompt' && !inAnswer) page.addPrompt();
    else page.finish('done');
    return;
  }
  if (event.ctrlKey || event.metaKey || isField(target)) return;
  if (run(page, event.key)) event.preventDefault();
}

function run(page: Page, key: string): boolean {
  if (/^[0-9]$/.test(key)) {
    judge(page, Number(key));
    return true;
  }
  const action = ACTIONS[key.toLowerCase()];
  action?.(page);
  return action !== undefined;
}

const focus = (selector: string): void => document.querySelector<HTMLElement>(selector)?.focus();

const ACTIONS: Readonly<Record<string, (page: Page) => void>> = {
  e: () => focus('textarea.answer'),
  d: (page) => page.drafter.draft(),
  u: (page) => page.drafter.undo(),
  f: (page) => page.answers.askFurther(),
  b: (page) => page.answers.branchAt(page.answers.branch.length - 1),
  '[': (page) => stepBranch(page, -1),
  ']': (page) => stepBranch(page, 1),
  c: () => focus('.chip'),
  s: (page) => {
    if (page.task) openSkip(page);
  },
  j: (page) => page.step(1),
  k: (page) => page.step(-1),
  n: (page) => {
    page.panel = 'prompt';
    page.remember({ tab: 'work' });
  },
  a: (page) => page.do((ask) => ask.addPrompts({}, never)),
  m: (page) => page.do((ask) => ask.addComparisons({}, never)),
  g: (page) => page.remember({ guidelinesOpen: !page.own.guidelinesOpen }),
  i: (page) => page.remember({ tab: page.own.tab === 'work' ? 'statistics' : 'work' }),
  x: (page) => page.do((ask) => ask.exportLabels({}, never)),
  w: (page) => page.do((ask) => ask.chooseLabeller({}, never)),
  l: (page) => page.do((ask) => ask.chooseModel({}, never)),
  '?': (page) => {
    page.panel = page.panel === 'keys' ? 'none' : 'keys';
    page.remember({ tab: 'work' });
  },
};

function stepBranch(page: Page, by: number): void {
  const result = page.task?.work.result;
  if (result?.mode !== 'answer' || !page.task) return;
  const { length } = result.branches;
  page.answers.showBranch((page.task.at + by + length) % length);
}
