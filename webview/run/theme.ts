/** The editor's colours as a canvas needs them, and the moment when they change. */

export interface Theme {
  readonly foreground: string;
  readonly quiet: string;
  readonly grid: string;
  readonly background: string;
  readonly font: string;
  /** For one line after the other; told apart in every theme. */
  readonly lines: readonly string[];
}

/** In an order in which neighbours differ in more than their hue; orange is faint in some themes. */
const LINES = ['blue', 'yellow', 'purple', 'green', 'red', 'orange'];

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string, instead: string): string =>
    style.getPropertyValue(`--vscode-${name}`).trim() || instead;
  const foreground = read('foreground', '#888888');
  return {
    foreground,
    quiet: read('descriptionForeground', foreground),
    grid: `color-mix(in srgb, ${foreground} 16%, transparent)`,
    background: read('editor-background', '#000000'),
    font: `${read('font-size', '13px')} ${read('font-family', 'sans-serif')}`,
    lines: LINES.map((name) => read(`charts-${name}`, foreground)),
  };
}

/** Calls `listener` after every change of the editor's theme. */
export function onThemeChange(listener: () => void): void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributeFilter: ['class', 'data-vscode-theme-id'] });
}

/** The colour of the run at a position, as a class that the style sheet knows. */
export const colorClass = (index: number): string => `line-${index % LINES.length}`;
