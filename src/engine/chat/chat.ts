/**
 * The chat room: makes a conversation the tokens that a model was taught to see it as. Later: loss
 * masks for training on conversations, and tools.
 */
export { encodeConversation, type ChatMessage, type Conversation } from './conversation';
