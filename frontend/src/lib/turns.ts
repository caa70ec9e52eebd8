/** Conversations as they stand in an item: a JSON list of turns. */
export interface Turn {
  role: string
  content: string
}

/** The turns, or null for what is no conversation. */
export function readTurns(text: string): Turn[] | null {
  try {
    const read: unknown = JSON.parse(text)
    if (!Array.isArray(read)) return null
    const turns = read as Partial<Record<keyof Turn, unknown>>[]
    return turns.every((turn) => typeof turn?.role === 'string' && typeof turn.content === 'string') ? (turns as Turn[]) : null
  } catch {
    return null
  }
}

const ROLES: Record<string, string> = { system: 'System', user: 'User', assistant: 'Assistant', tool: 'Tool' }
export const roleName = (role: string): string => ROLES[role] ?? role
