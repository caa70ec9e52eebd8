/** What a player says and steps through. */
export const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2] as const

/** The next speed; after the highest the lowest. */
export const faster = (rate: number): number => SPEEDS.find((speed) => speed > rate) ?? SPEEDS[0]

/** Seconds as 1:05 or 1:00:05. */
export function clock(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const [hours, minutes, rest] = parts as [number, number, number]
  const two = (part: number): string => String(part).padStart(2, '0')
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}
