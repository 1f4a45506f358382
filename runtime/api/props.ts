/** Raw configuration: what is stored, shown and validated. Values may hold `${provider:path:key}` placeholders. */
export type Props = Readonly<Record<string, string>>
