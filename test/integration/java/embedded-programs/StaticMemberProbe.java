import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.serialization.*;

/** Consumers with group.instance.id on the broker named by the first argument; the assignor is the second. Prints DONE at the end. */
public class StaticMemberProbe {
  static String bootstrap, assignor;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    for (int i = 1; i < args.length; i++) {
      assignor = args[i];
      probe("static" + i);
    }
    System.out.println("DONE");
  }

  static class Member implements AutoCloseable, ConsumerRebalanceListener {
    final KafkaConsumer<String, String> consumer;
    int rebalances;

    Member(String group, String instance) {
      Properties p = new Properties();
      p.put("bootstrap.servers", bootstrap);
      p.put("group.id", group);
      p.put("group.instance.id", instance);
      p.put("partition.assignment.strategy", assignor);
      p.put("session.timeout.ms", 30000);
      p.put("heartbeat.interval.ms", 200);
      consumer = new KafkaConsumer<>(p, new StringDeserializer(), new StringDeserializer());
      consumer.subscribe(List.of(group), this);
    }

    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    }

    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      rebalances++;
    }

    void poll() {
      consumer.poll(Duration.ofMillis(50));
    }

    public void close() {
      consumer.close();
    }
  }

  static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
    System.out.println("ok " + what);
  }

  static void probe(String topic) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.createTopics(List.of(new NewTopic(topic, 4, (short) 1))).all().get();
    }
    try (Member a = new Member(topic, "a")) {
      Member b = new Member(topic, "b");
      while (a.consumer.assignment().size() != 2 || b.consumer.assignment().size() != 2) {
        a.poll();
        b.poll();
      }
      for (int i = 0; i < 5; i++) a.poll();
      int generation = a.consumer.groupMetadata().generationId();
      Set<TopicPartition> mine = b.consumer.assignment();
      int rebalances = a.rebalances;
      b.close();
      try (Member again = new Member(topic, "b")) {
        while (again.consumer.assignment().isEmpty()) {
          a.poll();
          again.poll();
        }
        check(again.consumer.assignment().equals(mine), "a member that comes back has what it had");
        check(again.consumer.groupMetadata().generationId() == generation && a.rebalances == rebalances, "nobody else notices");
        try (Member twin = new Member(topic, "b")) {
          boolean fenced = false;
          while (!fenced) {
            twin.poll();
            a.poll();
            try {
              again.poll();
            } catch (FencedInstanceIdException e) {
              fenced = true;
            }
          }
          while (twin.consumer.assignment().isEmpty()) twin.poll();
          check(twin.consumer.assignment().equals(mine), "its twin takes over");
        }
      }
      // The leader, too, comes back without a rebalance.
      generation = a.consumer.groupMetadata().generationId();
      mine = a.consumer.assignment();
      a.close();
      try (Member again = new Member(topic, "a")) {
        while (again.consumer.assignment().isEmpty()) again.poll();
        check(again.consumer.assignment().equals(mine) && again.consumer.groupMetadata().generationId() == generation, "so does the leader");
      }
    }
  }
}
