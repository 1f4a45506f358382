import type { Endpoints } from './endpoints.ts'

/** What runs where, for a person. `postgresDir`: where the database really lies. */
export function whereabouts(
  { rest, kafka, postgres, s3 }: Endpoints,
  dataDir: string,
  postgresDir: string | undefined,
): string[] {
  const moved = postgresDir !== undefined && !postgresDir.startsWith(dataDir)
  return [
    `REST      ${rest}/connectors`,
    `Kafka     ${kafka}`,
    ...(postgres === undefined ? [] : [`Postgres  ${postgres}`]),
    ...(s3 === undefined
      ? []
      : [
          `S3        ${s3.endpoint}  bucket ${s3.bucket}, access key ${s3.accessKeyId}, secret key ${s3.secretAccessKey}`,
        ]),
    `Data      ${dataDir}${s3 === undefined ? '' : `  (objects in s3/${s3.bucket}, log in naru.log)`}`,
    ...(moved ? [`          database in ${postgresDir}, since the data folder is closed to the user it runs as`] : []),
  ]
}
