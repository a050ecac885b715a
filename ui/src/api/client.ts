/** The one place that speaks HTTP. Every failure becomes an `ApiError` with a stable code and the server's words. */

export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly messages: Record<string, string>,
    readonly requestId: string | null = null,
  ) {
    super(code);
  }

  /** The server's words in `locale`; the code itself when it sent none. */
  text(locale: string): string {
    return this.messages[locale] ?? this.messages["en"] ?? this.code;
  }
}

interface ErrorBody {
  error?: { code?: string; message?: Record<string, string>; request_id?: string };
}

let onSignedOut: (() => void) | null = null;

/** Called when the server no longer knows the session. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}

async function failure(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as ErrorBody;
  const error = body.error ?? {};
  return new ApiError(
    error.code ?? `player.http-${response.status}`,
    response.status,
    error.message ?? {},
    error.request_id ?? null,
  );
}

export async function request(method: string, path: string, body?: unknown, init: RequestInit = {}): Promise<Response> {
  const sent: RequestInit = { method, credentials: "same-origin", ...init };
  if (body !== undefined) {
    sent.body = JSON.stringify(body);
    sent.headers = { "content-type": "application/json" };
  }
  let response: Response;
  try {
    response = await fetch(path, sent);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiError("player.server-unreachable", 0, {});
  }
  if (response.ok) return response;
  const problem = await failure(response);
  if (response.status === 401 && path !== "/api/session" && !path.startsWith("/api/session/")) onSignedOut?.();
  throw problem;
}

export async function getJson<T>(path: string, query: Record<string, string | number | undefined> = {}): Promise<T> {
  const filled = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(filled.map(([key, value]) => [key, String(value)])).toString();
  const response = await request("GET", search === "" ? path : `${path}?${search}`);
  return (await response.json()) as T;
}

export async function postJson<T>(path: string, body: unknown): Promise<T> {
  const response = await request("POST", path, body);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export async function putJson<T>(path: string, body: unknown): Promise<T> {
  const response = await request("PUT", path, body);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export async function remove(path: string): Promise<void> {
  // keepalive: leaving a page still tells the server that nobody watches any more.
  await request("DELETE", path, undefined, { keepalive: true });
}
