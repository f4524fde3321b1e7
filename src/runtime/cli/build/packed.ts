/**
 * Where the library's own sources are packed, in the compiled `perigee`: there this module is replaced by one that embeds them.
 * From a checkout they lie around it.
 */
export const packed: string | undefined = undefined
