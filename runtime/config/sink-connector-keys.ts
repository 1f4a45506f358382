import { configDef, validators } from '../api/index.ts'
import { COMMON, commonConnectorDef, ERRORS } from './connector-keys.ts'
import { regex } from './key-rules.ts'

/** org.apache.kafka.connect.runtime.SinkConnectorConfig */
export const sinkConnectorDef = configDef({
  ...commonConnectorDef.keys,
  topics: {
    type: 'LIST',
    default: [],
    validator: validators.list({ empty: true }),
    importance: 'HIGH',
    documentation: 'Topics to consume, separated by commas.',
    group: COMMON,
    order: 4,
    width: 'LONG',
    displayName: 'Topics',
  },
  'topics.regex': {
    type: 'STRING',
    default: '',
    validator: regex,
    importance: 'HIGH',
    documentation: 'Regular expression of the topics to consume; instead of topics.',
    group: COMMON,
    order: 4,
    width: 'LONG',
    displayName: 'Topics regex',
  },
  'errors.deadletterqueue.topic.name': {
    type: 'STRING',
    default: '',
    importance: 'MEDIUM',
    documentation: 'Topic for records that cannot be processed; empty: none.',
    group: ERRORS,
    order: 6,
    width: 'MEDIUM',
    displayName: 'Dead Letter Queue Topic Name',
  },
  'errors.deadletterqueue.topic.replication.factor': {
    type: 'SHORT',
    default: 3,
    importance: 'MEDIUM',
    documentation: 'Used when that topic does not exist and is created.',
    group: ERRORS,
    order: 7,
    width: 'MEDIUM',
    displayName: 'Dead Letter Queue Topic Replication Factor',
  },
  'errors.deadletterqueue.context.headers.enable': {
    type: 'BOOLEAN',
    default: false,
    importance: 'MEDIUM',
    documentation: 'Add headers that begin with __connect.errors. and say what went wrong where.',
    group: ERRORS,
    order: 8,
    width: 'MEDIUM',
    displayName: 'Enable Error Context Headers',
  },
})
