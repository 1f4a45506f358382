/** Records of a unit: 1 to 5, the same whoever asks. */
export function unitSize(task: string, unit: number): number {
  let hash = unit
  for (let i = 0; i < task.length; i++) hash = Math.imul(hash ^ task.charCodeAt(i), 0x9e3779b1)
  return 1 + (((hash ^ (hash >>> 15)) >>> 0) % 5)
}
