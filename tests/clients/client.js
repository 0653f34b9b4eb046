// amqplib against `warren server`. Prints ok at the end.
const amqp = require("amqplib");

async function main() {
  const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${process.argv[2]}`);
  const channel = await connection.createConfirmChannel();
  const { queue } = await channel.assertQueue("", { exclusive: true, arguments: { "x-max-priority": 3 } });
  channel.sendToQueue(queue, Buffer.from("low"), { priority: 0 });
  channel.sendToQueue(queue, Buffer.from("high"), { priority: 3 });
  await channel.waitForConfirms();
  const got = [];
  await new Promise((resolve) => {
    channel.consume(queue, (message) => {
      got.push(message.content.toString());
      channel.ack(message);
      if (got.length === 2) resolve();
    });
  });
  if (got.join() !== "high,low") throw new Error(got.join());
  const other = await connection.createChannel();
  other.on("error", () => {});
  const refused = await other.checkQueue("client.js.none").catch((error) => error);
  if (refused.code !== 404) throw new Error(`not refused: ${refused}`);
  await connection.close();
  console.log("ok");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
