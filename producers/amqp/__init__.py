"""The AMQP door: takes commands from a queue, and keeps what could not be accepted in another."""
