/** What somebody typed and has not saved yet, over a reload of the same tab. */
export function recall<T>(key: string): Partial<T> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? '{}') as Partial<T>
  } catch {
    return {}
  }
}

export function keep(key: string, what: unknown): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(what))
  } catch {
    // No storage: a reload then loses what is half written.
  }
}

export function forget(key: string): void {
  try {
    sessionStorage.removeItem(key)
  } catch {
    // Nothing was kept either.
  }
}
