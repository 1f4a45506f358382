export { crc32c } from '@node-rs/crc32'
