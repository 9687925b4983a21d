/** What a conversation tells, gathered, and of it those of one kind. */
import type { ConverseEvent } from '../../src/engine/chat/chat';

export async function collect(told: AsyncIterable<ConverseEvent>): Promise<ConverseEvent[]> {
  const events: ConverseEvent[] = [];
  for await (const event of told) events.push(event);
  return events;
}

export const only = <Kind extends ConverseEvent['kind']>(
  events: readonly ConverseEvent[],
  kind: Kind,
): Extract<ConverseEvent, { kind: Kind }>[] =>
  events.filter((event): event is Extract<ConverseEvent, { kind: Kind }> => event.kind === kind);
