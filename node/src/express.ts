/**
 * Express integration: tokens, sessions, error responses, and a health check.
 *
 * Each function takes a {@link Chatkeep}; the default is the store that the environment variables
 * configure. Express is not a dependency of chatkeep. Any framework with
 * `(request, response, next)` middleware works.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 * import { currentToken, handleErrors, healthCheck, tokenRequired } from 'chatkeep/express';
 * import express from 'express';
 *
 * const chat = new Chatkeep('sqlite:///:memory:');
 * const app = express();
 * app.get('/health/db-pool', healthCheck(chat));
 * app.get('/whoami', tokenRequired(chat), (request, response) => {
 *   response.json(currentToken(request).description);
 * });
 * app.use(handleErrors()); // after the routes
 * ```
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Chatkeep, CreatedSession, RotatedSession, SessionInfo, TokenInfo } from './index.js';
import * as chatkeep from './index.js';
import * as web from './web.js';
import { type SessionOptions, Sessions } from './web_sessions.js';

export type { DatabaseHealth } from './web.js';
export type { SessionOptions } from './web_sessions.js';

declare global {
  namespace Express {
    interface Request {
      /** The record of the request's token, set by `tokenRequired`. */
      token?: TokenInfo;
      /** The request's session, set by `sessionRequired`. */
      userSession?: SessionInfo;
    }
  }
}

/** A Node request with the record of its token or session. */
export type TokenRequest = IncomingMessage & { token?: TokenInfo; userSession?: SessionInfo };

type Next = (error?: unknown) => void;

/** Middleware for Express, Connect and similar frameworks. */
export type Middleware = (request: TokenRequest, response: ServerResponse, next: Next) => void;

/** Error middleware. Express identifies it by its four parameters. */
export type ErrorMiddleware = (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => void;

/** Options of the responses to requests that fail. */
export interface AnswerOptions extends web.AnswerOptions {
  /** Logs why a request was answered with 503. Default: `console.warn`. */
  readonly report?: (message: string) => void;
}

/** Options of a token check. */
export type TokenOptions = AnswerOptions & web.TokenOptions;

/** Options of the health check. */
export interface HealthOptions {
  /** Maximum response time of the database, in seconds. Default: 5. */
  readonly timeout?: number;
}

/**
 * Returns middleware that requires a valid token: `Authorization: Bearer …`. It sets
 * `request.token` to the token's record.
 *
 * Without a valid token, the response is 401, and without the scope 403, both with
 * `WWW-Authenticate`. If the database does not respond, it is 503 with `Retry-After`.
 *
 * @param chat The store; by default the one that the environment variables configure.
 * @param options The scope, and options of the responses.
 */
export function tokenRequired(chat?: Chatkeep, options: TokenOptions = {}): Middleware {
  const { scope, retryAfter = web.RETRY_AFTER, report = warn } = options;
  return (request, response, next) => {
    const { authorization } = request.headers;
    web
      .checkRequest(chat ?? chatkeep, authorization, scope, retryAfter, report)
      .then((verdict) => {
        if ('error' in verdict) {
          sendError(response, verdict.error);
        } else {
          request.token = verdict.token;
          next();
        }
      })
      .catch(next);
  };
}

/**
 * Returns the record of the request's token. The route must use `tokenRequired`.
 *
 * @param request The request.
 * @throws Error if the route does not use `tokenRequired`.
 */
export function currentToken(request: { readonly token?: TokenInfo }): TokenInfo {
  if (!request.token) throw new Error('this route does not use tokenRequired');
  return request.token;
}

/** Middleware that requires a session, and the functions for its cookie. */
export interface SessionMiddleware extends Middleware {
  /**
   * Sets the cookie of a session, the result of `createSession`. The browser deletes it when the
   * session expires.
   */
  setCookie(response: ServerResponse, created: CreatedSession | RotatedSession): void;
  /** Deletes the cookie. The session itself is ended by `logout`. */
  deleteCookie(response: ServerResponse): void;
  /** Returns the secret that a request presents, valid or not, for `logout`. */
  secret(request: IncomingMessage): string | undefined;
  /**
   * Middleware for routes that need no session, such as the sign-in: rejects a request that may
   * change data if another site caused it.
   */
  readonly sameSite: Middleware;
}

/**
 * Returns middleware that requires the session of a signed-in user. It sets `request.userSession`
 * to the session, which has the user's id.
 *
 * The secret of the session is in the cookie `__Host-chat-session` or in `Authorization: Bearer …`.
 * Without a valid session, the response is 401 with the reason. A request with the cookie that may
 * change data and that another site caused gets 403. If the database does not respond, the response
 * is 503 with `Retry-After`. A session in a cookie regularly gets a new secret.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 * import { currentSession, sessionRequired } from 'chatkeep/express';
 * import express from 'express';
 *
 * const chat = new Chatkeep('sqlite:///:memory:');
 * const session = sessionRequired(chat);
 * const app = express();
 * app.post('/sign-in', session.sameSite, express.json(), async (request, response) => {
 *   const { email, password } = request.body;
 *   const user = await chat.userManager.authenticate(email, password);
 *   if (user === null) {
 *     response.status(401).json({ detail: 'Wrong address or password' });
 *     return;
 *   }
 *   const { publicId, stamp: userStamp } = user;
 *   session.setCookie(response, await chat.sessionManager.createSession(publicId, { userStamp }));
 *   response.json({ name: user.name });
 * });
 * app.get('/me', session, async (request, response) => {
 *   response.json(await chat.userManager.getUser(currentSession(request).userId));
 * });
 * app.post('/sign-out', session, async (request, response) => {
 *   await chat.sessionManager.logout(session.secret(request) ?? '');
 *   session.deleteCookie(response);
 *   response.sendStatus(204);
 * });
 * ```
 *
 * @param chat The store; by default the one that the environment variables configure.
 * @param options Options of the cookie and of the responses.
 */
export function sessionRequired(
  chat?: Chatkeep,
  options: SessionOptions & AnswerOptions = {},
): SessionMiddleware {
  const sessions = new Sessions(options);
  const { report = warn } = options;
  const setCookie = (response: ServerResponse, cookie: string) => {
    response.setHeader('Set-Cookie', sessions.replaced(response.getHeader('Set-Cookie'), cookie));
    response.setHeader('Vary', sessions.vary(response.getHeader('Vary')));
  };
  const required: Middleware = (request, response, next) => {
    sessions
      .check(chat ?? chatkeep, request, report)
      .then((verdict) => {
        if ('error' in verdict) {
          sendError(response, verdict.error);
        } else {
          if (verdict.cookie !== undefined) setCookie(response, verdict.cookie);
          request.userSession = verdict.session;
          next();
        }
      })
      .catch(next);
  };
  return Object.assign(required, {
    setCookie(response: ServerResponse, created: CreatedSession | RotatedSession) {
      setCookie(response, sessions.value(created));
    },
    deleteCookie(response: ServerResponse) {
      setCookie(response, sessions.deleted());
    },
    secret: (request: IncomingMessage) => sessions.secret(request),
    sameSite(request: TokenRequest, response: ServerResponse, next: Next) {
      const rejected = sessions.crossSite(request);
      if (rejected) sendError(response, rejected);
      else next();
    },
  });
}

/**
 * Returns the request's session. The route must use `sessionRequired`.
 *
 * @param request The request.
 * @throws Error if the route does not use `sessionRequired`.
 */
export function currentSession(request: { readonly userSession?: SessionInfo }): SessionInfo {
  if (!request.userSession) throw new Error('this route does not use sessionRequired');
  return request.userSession;
}

/**
 * Returns error middleware that converts chatkeep's errors in routes to responses. Add it after the
 * routes.
 *
 * - `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, and `CHATKEEP_CONFLICT` that is retryable: 503
 *   with `Retry-After`.
 * - `CHATKEEP_OUTCOME_UNKNOWN`: 503 without `Retry-After`, because a retry may store the message
 *   twice.
 * - `CHATKEEP_INVALID_INPUT`: 422 with the field's name.
 * - `CHATKEEP_CONFLICT` that is not retryable, such as a taken address: 409 with the field's name.
 *
 * All other errors are passed on.
 *
 * @param options Options of the responses.
 */
export function handleErrors(options: AnswerOptions = {}): ErrorMiddleware {
  const { retryAfter = web.RETRY_AFTER, report = warn } = options;
  return (error, _request, response, next) => {
    // If part of the response has already been sent, Express closes the connection.
    const details = response.headersSent ? undefined : web.errorResponse(error, retryAfter, report);
    if (details) {
      sendError(response, details);
    } else {
      next(error);
    }
  };
}

/**
 * Returns the body of `/health/db-pool`: the health of the database and the pool's connection
 * counts.
 *
 * It contains neither the host nor the account, so the route needs no token.
 *
 * @param chat The store; by default the one that the environment variables configure.
 * @param options The timeout.
 */
export function dbPoolHealth(
  chat?: Chatkeep,
  options: HealthOptions = {},
): Promise<web.DatabaseHealth> {
  return web.databaseHealth(chat ?? chatkeep, options.timeout ?? web.HEALTH_TIMEOUT);
}

/**
 * Returns a route that responds with {@link dbPoolHealth}; 503 if the database is unhealthy.
 *
 * @param chat The store; by default the one that the environment variables configure.
 * @param options The timeout.
 */
export function healthCheck(chat?: Chatkeep, options: HealthOptions = {}): Middleware {
  return (_request, response, next) => {
    dbPoolHealth(chat, options)
      .then((health) => {
        const { status, headers } = web.healthResponse(health);
        send(response, status, headers, health);
      })
      .catch(next);
  };
}

function sendError(response: ServerResponse, { status, headers, detail }: web.ErrorResponse): void {
  send(response, status, headers, { detail });
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(body));
}

function warn(message: string): void {
  console.warn(`chatkeep: ${message}`);
}
