/** The account of every simulated exchange: nothing behind it is worth a secret. */
export const SIM_ACCOUNT = { apiKey: "perigee-simulated-key", secret: "perigee-simulated-secret" } as const
