/** Entry of a broker process for crash tests: `node kafka-process.ts DATA_DIR PORT PROPERTIES_AS_JSON`; tells its parent when it serves. */
import { EmbeddedKafka } from '@naru/embedded/kafka'

const [dataDir, port, properties] = process.argv.slice(2)
const defaults = JSON.parse(properties ?? '{}') as Record<string, string>
const kafka = await EmbeddedKafka.start({ dataDir: dataDir!, port: Number(port ?? 0), defaults })
process.send?.({ port: kafka.port })
