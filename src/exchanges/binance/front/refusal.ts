/**
 * Error codes and messages of the futures API, from its error-code page
 * (https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code, read 2026-11-22).
 */
const MESSAGES = {
  [-1003]:
    "Too many requests; current limit is 2400 requests per minute. Please use the websocket for live updates to avoid polling the API.",
  [-1015]: "Too many new orders; current limit is %s orders per %s.",
  [-1020]: "This operation is not supported.",
  [-1021]: "Timestamp for this request is outside of the recvWindow.",
  [-1022]: "Signature for this request is not valid.",
  [-1023]: "Start time is greater than end time.",
  [-1099]: "Not found, unauthenticated, or unauthorized.",
  [-1100]: "Illegal characters found in parameter '%s'.",
  [-1101]: "Duplicate values for a parameter detected.",
  [-1102]: "Mandatory parameter '%s' was not sent, was empty/null, or malformed.",
  [-1106]: "Parameter '%s' sent when not required.",
  [-1111]: "Precision is over the maximum defined for this asset.",
  [-1115]: "Invalid timeInForce.",
  [-1116]: "Invalid orderType.",
  [-1117]: "Invalid side.",
  [-1120]: "Invalid interval.",
  [-1121]: "Invalid symbol.",
  [-1125]: "This listenKey does not exist.",
  [-1130]: "Data sent for parameter '%s' is not valid.",
  [-1135]: "Invalid JSON Request",
  [-1136]: "Invalid newOrderRespType.",
  [-2011]: "Unknown order sent.",
  [-2013]: "Order does not exist.",
  [-2014]: "API-key format invalid.",
  [-2015]: "Invalid API-key, IP, or permissions for action.",
  [-2019]: "Margin is insufficient.",
  [-2022]: "ReduceOnly Order is rejected.",
  [-2025]: "Reach max open order limit.",
  [-4001]: "Price less than 0.",
  [-4002]: "Price greater than max price.",
  [-4003]: "Quantity less than zero.",
  [-4004]: "Quantity less than min quantity.",
  [-4005]: "Quantity greater than max quantity.",
  [-4013]: "Price less than min price.",
  [-4014]: "Price not increased by tick size.",
  [-4015]: "Client order id length should not be more than 36 chars",
  [-4016]: "Limit price can't be higher than %s.",
  [-4021]: "'%s' is not valid depth limit.",
  [-4023]: "Qty not increased by step size.",
  [-4024]: "Limit price can't be lower than %s.",
  [-4028]: "Leverage %s is not valid",
  [-4032]: "Exceed maximum cancel order size.",
  [-4046]: "No need to change margin type.",
  [-4047]: "Margin type cannot be changed if there exists open orders.",
  [-4048]: "Margin type cannot be changed if there exists position.",
  [-4056]: "HMAC_SHA256 API key is not supported.",
  [-4059]: "No need to change position side.",
  [-4061]: "Order's position side does not match user's setting.",
  [-4082]: "Invalid number of batch place orders.",
  [-4116]: "ClientOrderId is duplicated.",
  [-4120]: "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
  [-4140]: "Invalid symbol status for opening position.",
  [-4164]: "Order's notional must be no smaller than %s (unless you choose reduce only).",
  [-4171]: "Adjusted asset mode is currently set and does not need to be adjusted repeatedly.",
  [-5000]: "Path %s, Method %s is invalid",
  [-5021]:
    "Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded in the order history",
  [-5022]:
    "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history",
  [-5027]: "No need to modify the order.",
  [-5037]: "Invalid price match",
  [-5040]:
    "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000 (UTC 9999-12-31 23:59:59)",
} as const

export type Code = keyof typeof MESSAGES

/** Thrown inside the front and turned into an answer at its door; nothing else it throws is meant for a client. */
export class Refused extends Error {
  readonly code: Code
  readonly status: number

  constructor(code: Code, text: string, status: number) {
    super(text)
    this.code = code
    this.status = status
  }

  get body(): string {
    return `{"code":${this.code},"msg":${JSON.stringify(this.message)}}`
  }
}

const STATUS: Partial<Record<Code, number>> = { [-1003]: 429, [-1015]: 429, [-2014]: 401, [-2015]: 401, [-5000]: 404 }

/** The refusal with its documented text, each `%s` filled in order. */
export function refusal(code: Code, ...values: readonly string[]): Refused {
  let text: string = MESSAGES[code]
  for (const value of values) text = text.replace("%s", () => value)
  return new Refused(code, text, STATUS[code] ?? 400)
}
