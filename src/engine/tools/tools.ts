/**
 * The tools room: what a model may call while it writes, each a name with a text in and a text out.
 * Knows nothing of tokens or conversations (see `chat`), and asks nobody for consent: whoever opens a
 * tool has it.
 */
export { calculate, calculator } from './calculator';
export { describeTool, type ToolSchema } from './describe';
export { javascriptTool } from './javascript';
export { openTools, TOOL_NAMES, type ToolWish } from './openTools';
export { runTool, type ToolOutcome, type ToolResult } from './runTool';
export { PassageIndex, passagesOf, type Hit, type Passage } from './search';
export { searchTool } from './searchTool';
export type { Tool } from './tool';
