import { perigee } from "./runtime/cli/perigee.ts"

void perigee()
