/** Entry of a broker process for crash tests: `node kafka-process.ts DATA_DIR PORT`; tells its parent when it serves. */
import { EmbeddedKafka } from '@naru/embedded/kafka'

const [dataDir, port] = process.argv.slice(2)
const kafka = await EmbeddedKafka.start({ dataDir: dataDir!, port: Number(port ?? 0) })
process.send?.({ port: kafka.port })
