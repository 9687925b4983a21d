/** What a table about a model's knowledge calls its rows: in a report, and on a terminal. */
export const ROW_NAMES = {
  known: 'knew',
  inconsistent: 'knew now and then',
  unknown: "didn't know",
  refused: 'refused to say',
  often: 'told often',
  once: 'told once',
  never: 'never told',
} as const;
