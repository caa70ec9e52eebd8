/** Asks again and again while the page is visible; the next question is put `ms` after the last answer. */
export function poll(ask: () => Promise<number | void>, ms: number): () => void {
  let stopped = false
  let asking = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const turn = async (): Promise<void> => {
    clearTimeout(timer)
    if (stopped || asking) return
    let wait: number | void = ms
    if (document.visibilityState === 'visible') {
      asking = true
      try {
        wait = (await ask()) ?? ms
      } catch {
        wait = ms * 2
      } finally {
        asking = false
      }
    }
    if (!stopped) timer = setTimeout(turn, wait)
  }
  const seen = (): void => {
    if (document.visibilityState === 'visible') void turn()
  }
  document.addEventListener('visibilitychange', seen)
  void turn()
  return () => {
    stopped = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', seen)
  }
}
