import type { PredicateClass, TransformationClass } from '../api/index.ts'
import { Filter } from './filter.ts'
import { insertField } from './insert-field.ts'
import type { Side } from './key-or-value.ts'
import { HasHeaderKey, RecordIsTombstone, TopicNameMatches } from './predicates.ts'
import { RegexRouter } from './regex-router.ts'
import { replaceField } from './replace-field.ts'

const TRANSFORMS = 'org.apache.kafka.connect.transforms'

/** The two classes of a transformation that works on the key or on the value: `Name$Key`, `Name$Value`. */
function keyAndValue(name: string, make: (side: Side) => TransformationClass): Record<string, TransformationClass> {
  return { [`${TRANSFORMS}.${name}$Key`]: make('Key'), [`${TRANSFORMS}.${name}$Value`]: make('Value') }
}

export const transformations: Readonly<Record<string, TransformationClass>> = {
  [`${TRANSFORMS}.Filter`]: Filter,
  [`${TRANSFORMS}.RegexRouter`]: RegexRouter,
  ...keyAndValue('InsertField', insertField),
  ...keyAndValue('ReplaceField', replaceField),
}

const PREDICATES = 'org.apache.kafka.connect.transforms.predicates'

export const predicates: Readonly<Record<string, PredicateClass>> = {
  [`${PREDICATES}.HasHeaderKey`]: HasHeaderKey,
  [`${PREDICATES}.RecordIsTombstone`]: RecordIsTombstone,
  [`${PREDICATES}.TopicNameMatches`]: TopicNameMatches,
}
