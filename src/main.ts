import { perigee } from "./runtime/cli/perigee.ts"

await perigee()
