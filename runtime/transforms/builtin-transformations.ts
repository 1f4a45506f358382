import type { PredicateClass, TransformationClass } from '../api/index.ts'
import { cast } from './cast.ts'
import { DropHeaders } from './drop-headers.ts'
import { extractField } from './extract-field.ts'
import { Filter } from './filter.ts'
import { flatten } from './flatten.ts'
import { headerFrom } from './header-from.ts'
import { hoistField } from './hoist-field.ts'
import { insertField } from './insert-field.ts'
import { InsertHeader } from './insert-header.ts'
import type { Side } from './key-or-value.ts'
import { maskField } from './mask-field.ts'
import { HasHeaderKey, RecordIsTombstone, TopicNameMatches } from './predicates.ts'
import { RegexRouter } from './regex-router.ts'
import { replaceField } from './replace-field.ts'
import { setSchemaMetadata } from './set-schema-metadata.ts'
import { timestampConverter } from './timestamp-converter.ts'
import { TimestampRouter } from './timestamp-router.ts'
import { ValueToKey } from './value-to-key.ts'

const TRANSFORMS = 'org.apache.kafka.connect.transforms'

/** The two classes of a transformation that works on the key or on the value: `Name$Key`, `Name$Value`. */
function keyAndValue(name: string, make: (side: Side) => TransformationClass): Record<string, TransformationClass> {
  return { [`${TRANSFORMS}.${name}$Key`]: make('Key'), [`${TRANSFORMS}.${name}$Value`]: make('Value') }
}

export const transformations: Readonly<Record<string, TransformationClass>> = {
  [`${TRANSFORMS}.DropHeaders`]: DropHeaders,
  [`${TRANSFORMS}.Filter`]: Filter,
  [`${TRANSFORMS}.InsertHeader`]: InsertHeader,
  [`${TRANSFORMS}.RegexRouter`]: RegexRouter,
  [`${TRANSFORMS}.TimestampRouter`]: TimestampRouter,
  [`${TRANSFORMS}.ValueToKey`]: ValueToKey,
  ...keyAndValue('Cast', cast),
  ...keyAndValue('ExtractField', extractField),
  ...keyAndValue('Flatten', flatten),
  ...keyAndValue('HeaderFrom', headerFrom),
  ...keyAndValue('HoistField', hoistField),
  ...keyAndValue('InsertField', insertField),
  ...keyAndValue('MaskField', maskField),
  ...keyAndValue('ReplaceField', replaceField),
  ...keyAndValue('SetSchemaMetadata', setSchemaMetadata),
  ...keyAndValue('TimestampConverter', timestampConverter),
}

const PREDICATES = 'org.apache.kafka.connect.transforms.predicates'

export const predicates: Readonly<Record<string, PredicateClass>> = {
  [`${PREDICATES}.HasHeaderKey`]: HasHeaderKey,
  [`${PREDICATES}.RecordIsTombstone`]: RecordIsTombstone,
  [`${PREDICATES}.TopicNameMatches`]: TopicNameMatches,
}
