/**
 * The documents room's door: texts that are being edited, as a tokenizer cuts them, and what a
 * tokenizer is made of. All of it answers for a person who looks on, so nothing holds the thread for
 * longer than a few milliseconds where the tokenizer allows that a text is cut (see `EditedText`).
 */
export { EditedText, type TextChange, type TokensInRange } from './editedText';
export { encodeText } from './encodeText';
export { cutPiece, explainToken, type ShownToken, type TokenExplanation } from './explainToken';
export { type VocabularyEntry, type VocabularyPage, searchVocabulary } from './searchVocabulary';
