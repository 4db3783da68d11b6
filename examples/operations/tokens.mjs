// Examples of the API tokens in JavaScript. They are part of the documentation of the methods.

import { Chatkeep } from 'chatkeep';

// ## TokenManager
{
  const { tokenManager } = new Chatkeep('sqlite:///:memory:');
  const { id, token } = await tokenManager.createToken({ description: 'app', expiresDays: 90 });
  console.log(await tokenManager.verifyToken(token)); // true
  await tokenManager.revokeToken(id);
  console.log(await tokenManager.verifyToken(token)); // false
}

// ## createToken
{
  const { tokenManager } = new Chatkeep('sqlite:///:memory:');
  const created = await tokenManager.createToken({ description: 'for the web app' });
  console.log(created.token.startsWith('ck_')); // true
}

// ## checkToken
{
  const { tokenManager } = new Chatkeep('sqlite:///:memory:');
  const { valid, reason } = await tokenManager.checkToken('no such token');
  console.log(valid, reason); // false malformed
}

// ## revokeToken
{
  const { tokenManager } = new Chatkeep('sqlite:///:memory:');
  const { id, token } = await tokenManager.createToken('for a colleague');
  console.log(await tokenManager.revokeToken(id)); // true
  const { reason } = await tokenManager.checkToken(token);
  console.log(reason); // revoked
}
