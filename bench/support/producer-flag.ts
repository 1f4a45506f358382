/** `--compression lz4` as the connector's producer settings. */
export function producerFlag(flags: ReadonlyMap<string, string>): Record<string, string> {
  const compression = flags.get('compression')
  return compression === undefined ? {} : { 'producer.override.compression.type': compression }
}
