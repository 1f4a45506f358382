import { definePlugin } from 'naru/api'
import { PostgresSourceConnector } from './postgres-source-connector.ts'

export default definePlugin({
  name: '@naru/postgres',
  version: '0.1.0',
  connectors: { 'io.debezium.connector.postgresql.PostgresConnector': PostgresSourceConnector },
})
