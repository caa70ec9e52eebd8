/** Where entries wait: IndexedDB, or memory where the browser gives none. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Entry } from './entry'

export interface Store {
  /** Entries outlive the page. */
  readonly durable: boolean
  add(entry: Omit<Entry, 'n'>): Promise<number>
  /** In order. */
  all(): Promise<Entry[]>
  /** Read, change and write in one transaction; `null` deletes. Answers what is there afterwards. */
  change(n: number, how: (entry: Entry) => Entry | null): Promise<Entry | null>
}

interface Schema extends DBSchema {
  outbox: { key: number; value: Entry }
}

class Durable implements Store {
  readonly durable = true
  constructor(private readonly db: IDBPDatabase<Schema>) {}

  async add(entry: Omit<Entry, 'n'>): Promise<number> {
    const tx = this.db.transaction('outbox', 'readwrite', { durability: 'strict' })
    const n = await tx.store.add(entry as Entry)
    await tx.done
    return n
  }

  all(): Promise<Entry[]> {
    return this.db.getAll('outbox')
  }

  async change(n: number, how: (entry: Entry) => Entry | null): Promise<Entry | null> {
    const tx = this.db.transaction('outbox', 'readwrite')
    const entry = await tx.store.get(n)
    const changed = entry ? how(entry) : null
    if (changed) await tx.store.put(changed)
    else if (entry) await tx.store.delete(n)
    await tx.done
    return changed
  }
}

export class InMemory implements Store {
  readonly durable = false
  #entries = new Map<number, Entry>()
  #n = 0

  add(entry: Omit<Entry, 'n'>): Promise<number> {
    this.#n += 1
    this.#entries.set(this.#n, { ...entry, n: this.#n })
    return Promise.resolve(this.#n)
  }

  all(): Promise<Entry[]> {
    return Promise.resolve([...this.#entries.values()])
  }

  change(n: number, how: (entry: Entry) => Entry | null): Promise<Entry | null> {
    const entry = this.#entries.get(n)
    const changed = entry ? how(entry) : null
    if (changed) this.#entries.set(n, changed)
    else this.#entries.delete(n)
    return Promise.resolve(changed)
  }
}

export async function openStore(): Promise<Store> {
  try {
    const db = await openDB<Schema>('goldwork', 1, {
      upgrade(fresh) {
        fresh.createObjectStore('outbox', { keyPath: 'n', autoIncrement: true })
      },
      // A newer page in another tab wants to change the layout: make way, the next call fails and the page reloads.
      blocking(_, __, event) {
        ;(event.target as IDBDatabase).close()
      },
    })
    return new Durable(db)
  } catch {
    return new InMemory()
  }
}
