import type { PredicateClass, TransformationClass } from '../api/index.ts'
import { HasHeaderKey, RecordIsTombstone, TopicNameMatches } from './predicates.ts'

export const transformations: Readonly<Record<string, TransformationClass>> = {}

const PREDICATES = 'org.apache.kafka.connect.transforms.predicates'

export const predicates: Readonly<Record<string, PredicateClass>> = {
  [`${PREDICATES}.HasHeaderKey`]: HasHeaderKey,
  [`${PREDICATES}.RecordIsTombstone`]: RecordIsTombstone,
  [`${PREDICATES}.TopicNameMatches`]: TopicNameMatches,
}
