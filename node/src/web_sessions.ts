/**
 * Sessions of browsers, independent of a framework: cookies, rotation, and requests of other sites.
 *
 * The cookie is set as OWASP recommends: `HttpOnly`, `Secure`, `SameSite=Lax`, and with the prefix
 * `__Host-`, so that no other host of the domain can set it.
 */

import type { IncomingHttpHeaders } from 'node:http';
import type {
  Chatkeep,
  CreatedSession,
  RotatedSession,
  SessionCheck,
  SessionInfo,
  SessionReason,
} from './index.js';
import * as web from './web.js';

/** Default age at which a session gets a new secret, in seconds. */
const ROTATE_AFTER = 86_400;

/**
 * Seconds after a rotation in which `rotateSession` returns the same secret again: `GRACE` in
 * crates/chatkeep-core/src/session/rotate.rs.
 */
const GRACE = 60;

/** Methods that change nothing, and therefore may come from other sites. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

const REASONS: Readonly<Partial<Record<SessionReason, string>>> = {
  malformed: 'The session is malformed',
  unknown: 'The session is unknown',
  revoked: 'The session was ended',
  expired: 'The session has expired',
  idle: 'The session was not used for too long',
  rotated: 'The session was ended, because a replaced secret was used',
  user_inactive: 'The user is not active',
  ended: 'The session was ended by a change of the account',
};

/** Options of sessions. */
export interface SessionOptions extends web.AnswerOptions {
  /** Name of the cookie, without the prefix `__Host-`. Default: `chat-session`. */
  readonly cookie?: string;
  /**
   * Whether the cookie requires HTTPS. With `false`, for development over HTTP, its name has no
   * prefix. Default: true.
   */
  readonly secure?: boolean;
  /** Other origins whose pages may change data, such as `https://app.example.org`. */
  readonly trustedOrigins?: Iterable<string>;
  /** Age in seconds at which the secret is replaced; `null` for never. Default: one day. */
  readonly rotateAfter?: number | null;
}

/** The parts of a request that a check uses. */
export interface SessionRequest {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** The part of a store that a session check uses. */
export interface SessionStore {
  readonly sessionManager: Pick<Chatkeep['sessionManager'], 'checkSession' | 'rotateSession'>;
}

/** The result of checking a request's session. `cookie` is to be sent. */
export type SessionVerdict =
  | { readonly session: SessionInfo; readonly cookie: string | undefined }
  | { readonly error: web.ErrorResponse };

/** The session cookie of an application, and the rules of its requests. */
export class Sessions {
  readonly #cookie: string;
  readonly #attributes: string;
  readonly #trusted: ReadonlySet<string>;
  readonly #rotateAfter: number | null;
  readonly #retryAfter: number;

  constructor(options: SessionOptions) {
    const { cookie = 'chat-session', secure = true, trustedOrigins = [] } = options;
    if (typeof trustedOrigins === 'string') {
      throw new TypeError('trustedOrigins must be a list of origins, not a string');
    }
    this.#cookie = secure ? `__Host-${cookie}` : cookie;
    this.#attributes = `; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
    this.#trusted = new Set(Array.from(trustedOrigins, originOf));
    this.#rotateAfter = options.rotateAfter === undefined ? ROTATE_AFTER : options.rotateAfter;
    this.#retryAfter = options.retryAfter ?? web.RETRY_AFTER;
  }

  /** Checks the session of a request. Rejects with any error that is not temporary. */
  async check(
    chat: SessionStore,
    request: SessionRequest,
    report: web.Report,
  ): Promise<SessionVerdict> {
    const bearer = web.presentedToken(request.headers.authorization);
    const secret = bearer ?? this.#cookieOf(request);
    if (secret === undefined) return { error: missingSession() };
    const rejected = bearer === undefined ? this.crossSite(request) : undefined;
    if (rejected) return { error: rejected };
    const { sessionManager } = chat;
    let check: SessionCheck;
    try {
      check = await sessionManager.checkSession(secret);
    } catch (error) {
      const response = web.temporary(error, this.#retryAfter, report);
      if (response === undefined) throw error;
      return { error: response };
    }
    const { session } = check;
    if (!check.valid || !session) {
      return { error: web.invalidToken(REASONS[check.reason] ?? 'The session is not valid') };
    }
    if (bearer !== undefined || !this.#isDue(session)) return { session, cookie: undefined };
    try {
      const rotated = await sessionManager.rotateSession(secret);
      const isNew = rotated !== null && rotated.secret !== secret;
      return { session, cookie: isNew ? this.value(rotated) : undefined };
    } catch (error) {
      if (web.codeOf(error) === undefined) throw error;
      // The session stays valid, and the next request tries again.
      report(`a session was not rotated: ${(error as Error).message}`);
      return { session, cookie: undefined };
    }
  }

  /**
   * Returns the response to a request that another site caused and that may change data.
   *
   * Browsers report the site in `Sec-Fetch-Site`. Older ones send `Origin`, whose host is compared
   * with `Host`. The scheme is not, because a proxy may have terminated TLS. Other clients send
   * neither; they have no cookies that another site could use.
   */
  crossSite(request: SessionRequest): web.ErrorResponse | undefined {
    const { origin, host } = request.headers;
    const site = request.headers['sec-fetch-site'];
    if (SAFE_METHODS.has(request.method ?? '')) return undefined;
    if (origin !== undefined && this.#trusted.has(origin)) return undefined;
    const isOwn =
      site === undefined
        ? origin === undefined ||
          (host !== undefined && [`https://${host}`, `http://${host}`].includes(origin))
        : site === 'same-origin' || site === 'none';
    if (isOwn) return undefined;
    return { status: 403, detail: 'The request is from another site', headers: {} };
  }

  /** Returns the secret that a request presents, valid or not. */
  secret(request: SessionRequest): string | undefined {
    return web.presentedToken(request.headers.authorization) ?? this.#cookieOf(request);
  }

  /** Returns the value of `Set-Cookie` for a session. */
  value({ secret, session }: CreatedSession | RotatedSession): string {
    const age = Math.max(0, Math.floor((session.expiresAt.getTime() - Date.now()) / 1000));
    return `${this.#cookie}=${secret}; Max-Age=${age}${this.#attributes}`;
  }

  /** Returns the value of `Set-Cookie` that deletes the cookie. */
  deleted(): string {
    return `${this.#cookie}=; Max-Age=0${this.#attributes}`;
  }

  /** Returns the values of `Set-Cookie` of a response, with `cookie` in place of its own one. */
  replaced(current: number | string | readonly string[] | undefined, cookie: string): string[] {
    const values = current === undefined ? [] : [current].flat().map(String);
    return [...values.filter((value) => !value.startsWith(`${this.#cookie}=`)), cookie];
  }

  /** Returns the value of `Vary` of a response, with `Cookie` in addition to its own names. */
  vary(current: number | string | readonly string[] | undefined): string {
    const names = [current ?? []].flat().join(', ');
    if (/(?:^|[\s,])(?:cookie|\*)(?:$|[\s,])/i.test(names)) return names;
    return names === '' ? 'Cookie' : `${names}, Cookie`;
  }

  #cookieOf(request: SessionRequest): string | undefined {
    for (const part of request.headers.cookie?.split(';') ?? []) {
      const end = part.indexOf('=');
      if (part.slice(0, Math.max(end, 0)).trim() === this.#cookie) {
        return part.slice(end + 1).trim() || undefined;
      }
    }
    return undefined;
  }

  /**
   * Returns whether the session needs a new secret. That includes the minute after a rotation,
   * because its response may have been lost.
   */
  #isDue({ createdAt, rotatedAt }: SessionInfo): boolean {
    if (this.#rotateAfter === null) return false;
    const age = (Date.now() - (rotatedAt ?? createdAt).getTime()) / 1000;
    return age >= this.#rotateAfter || (rotatedAt !== null && age < GRACE);
  }
}

/** Returns the response to a request without a session. */
function missingSession(): web.ErrorResponse {
  return { status: 401, detail: 'Sign in first', headers: { 'WWW-Authenticate': 'Bearer' } };
}

function originOf(text: string): string {
  if (!URL.canParse(text) || new URL(text).origin !== text) {
    throw new TypeError(`trustedOrigins: "${text}" is not an origin such as https://example.org`);
  }
  return text;
}
