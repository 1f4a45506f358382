/** The connector's clock at one moment, for `ts_ms`, `ts_us`, `ts_ns` of all events decoded from the same read. */
export class EventClock {
  readonly micros: number
  /** `,"ts_ms":…,"ts_us":…,"ts_ns":…}`: the end of an envelope. */
  readonly envelopeEnd: Buffer

  constructor(micros: number = Math.floor((performance.timeOrigin + performance.now()) * 1000)) {
    this.micros = micros
    this.envelopeEnd = Buffer.from(`,"ts_ms":${this.millis},"ts_us":${micros},"ts_ns":${micros}000}`)
  }

  get millis(): number {
    return Math.floor(this.micros / 1000)
  }
}
