import { Api } from '../api.ts'
import { array, bool, int16, int32, int8, list, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_DescribeConfigs */
export const DescribeConfigs = new Api({
  key: 32,
  name: 'DescribeConfigs',
  versions: [0, 4],
  flexible: 4,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: list(string, { nullable: 0 }),
    }),
    includeSynonyms: bool({ from: 1 }),
    includeDocumentation: bool({ from: 3 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string({ nullable: 0 }),
        readOnly: bool(),
        isDefault: bool({ to: 0 }),
        configSource: int8({ from: 1, default: -1 }),
        isSensitive: bool(),
        synonyms: array({ name: string(), value: string({ nullable: 0 }), source: int8() }, { from: 1 }),
        configType: int8({ from: 3 }),
        documentation: string({ from: 3, nullable: 0 }),
      }),
    }),
  },
})
