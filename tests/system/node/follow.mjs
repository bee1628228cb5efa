// An upstream system: publishes one command, and follows its events until the end, one JSON line for each.
// node follow.mjs BROKER COMMAND
import { randomUUID } from "node:crypto";
import amqp from "amqplib";

const ENDS = new Set(["succeeded", "failed", "cancelled", "rejected"]);

const [broker, text] = process.argv.slice(2);
const command = JSON.parse(text);
const connection = await amqp.connect(broker);
const channel = await connection.createConfirmChannel();
const told = (line) => console.log(JSON.stringify(line));

const { queue: events } = await channel.assertQueue("", { exclusive: true });
await channel.bindQueue(events, "turnup.events", "#");
const { queue: replies } = await channel.assertQueue("", { exclusive: true });

const ended = new Promise((resolve) => {
  channel.consume(events, (message) => {
    const event = JSON.parse(message.content.toString());
    if (event.correlationid !== command.correlationid) return;
    const happening = event.type.split(".").at(-1);
    told({ happening, key: message.fields.routingKey });
    if (ENDS.has(happening)) resolve();
  }, { noAck: true });
});
channel.consume(replies, (message) => {
  const { correlationId, headers } = message.properties;
  const answer = JSON.parse(message.content.toString());
  told({ answered: headers.status, correlationId, id: answer.id });
}, { noAck: true });

channel.publish("turnup.commands", "cloud_pbx.activate", Buffer.from(text), {
  contentType: "application/cloudevents+json",
  persistent: true,
  messageId: randomUUID(),
  correlationId: "from-node",
  replyTo: replies,
});
await channel.waitForConfirms();
await ended;
await connection.close();
