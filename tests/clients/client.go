// amqp091-go against `warren server`. Prints ok at the end.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	amqp "github.com/rabbitmq/amqp091-go"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	connection, err := amqp.Dial("amqp://guest:guest@127.0.0.1:" + os.Args[1] + "/")
	must(err)
	channel, err := connection.Channel()
	must(err)
	must(channel.Confirm(false))
	queue, err := channel.QueueDeclare("", false, true, true, false, nil)
	must(err)
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, 3))
	for _, body := range []string{"1", "2", "3"} {
		must(channel.PublishWithContext(context.Background(), "", queue.Name, true, false, amqp.Publishing{Body: []byte(body)}))
	}
	for n := 0; n < 3; n++ {
		if confirm := <-confirms; !confirm.Ack {
			log.Fatal("a nack")
		}
	}
	must(channel.Qos(1, 0, false))
	deliveries, err := channel.Consume(queue.Name, "", false, false, false, false, nil)
	must(err)
	first := <-deliveries
	must(first.Nack(false, true))
	again := <-deliveries
	if string(again.Body) != "1" || !again.Redelivered {
		log.Fatal("the requeued message does not come first: ", string(again.Body))
	}
	must(again.Ack(false))
	must(connection.Close())
	fmt.Println("ok")
}
