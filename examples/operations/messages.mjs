// Examples of the message log in JavaScript. They are part of the documentation of the methods.

import { Chatkeep } from 'chatkeep';

// ## MessageLogger
{
  const { messageLogger } = new Chatkeep('sqlite:///:memory:');
  await messageLogger.logMessage({
    message: 'Explain WAL.',
    response: 'Write-ahead logging.',
    provider: 'openai',
    tokensUsed: 42,
  });
  for (const { userMessage } of await messageLogger.getMessages({ provider: 'openai' })) {
    console.log(userMessage); // Explain WAL.
  }
}

// ## logMessage
{
  const { messageLogger } = new Chatkeep('sqlite:///:memory:');
  const id = await messageLogger.logMessage({
    message: 'hello',
    response: 'hi',
    metadata: { session: 'a1' },
    timestamp: '2024-02-29T12:00:00+01:00',
  });
  const logged = await messageLogger.getMessageById(id);
  console.log(logged?.timestamp.toISOString()); // 2024-02-29T11:00:00.000Z
}

// ## logMessages
{
  const { messageLogger } = new Chatkeep('sqlite:///:memory:');
  const ids = await messageLogger.logMessages([{ message: 'a' }, { message: 'b' }]);
  console.log(ids); // [ 1, 2 ]
}

// ## getMessages
{
  const { messageLogger } = new Chatkeep('sqlite:///:memory:');
  await messageLogger.logMessages(['a', 'b', 'c'].map((message) => ({ message })));
  const first = await messageLogger.getMessages({ limit: 2 });
  const next = await messageLogger.getMessages({ limit: 2, cursor: first.at(-1) });
  console.log(next.map(({ userMessage }) => userMessage)); // [ 'a' ]
}

// ## iterMessages
{
  const { messageLogger } = new Chatkeep('sqlite:///:memory:');
  await messageLogger.logMessages(['a', 'b', 'c'].map((message) => ({ message })));
  for await (const { userMessage } of messageLogger.iterMessages({ oldestFirst: true })) {
    console.log(userMessage); // a, b, c
  }
}

// ## searchMessages
{
  const { messageLogger } = new Chatkeep('sqlite:///:memory:');
  await messageLogger.logMessage({ message: 'Explain WAL.', response: 'Write-ahead logging.' });
  const [found] = await messageLogger.searchMessages('write-ahead');
  console.log(found?.userMessage); // Explain WAL.
}

// ## getAnalytics
{
  const { messageLogger } = new Chatkeep('sqlite:///:memory:');
  await messageLogger.logMessage({ message: 'hello', provider: 'openai', tokensUsed: 12 });
  const { totalTokens, providers } = await messageLogger.getAnalytics({ startDate: '2024-01-01' });
  console.log(totalTokens, providers); // 12 { openai: 1 }
}

// ## deleteOldMessages
{
  const { messageLogger } = new Chatkeep('sqlite:///:memory:');
  await messageLogger.logMessage({ message: 'old', timestamp: '2020-01-01' });
  console.log(await messageLogger.countOldMessages(365)); // 1
  console.log(await messageLogger.deleteOldMessages(365)); // 1
}

// ## exportForFineTuning
{
  const { messageLogger } = new Chatkeep('sqlite:///:memory:');
  await messageLogger.logMessage({ message: 'q', response: 'a' });
  const lines = await messageLogger.exportForFineTuning('alpaca');
  console.log(lines.trim()); // {"input":"","instruction":"q","output":"a"}
}
