import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.serialization.*;

/** What producers and consumers of Apache Kafka see of transactions on the broker named by the first argument. Prints DONE at the end. */
public class TransactionProbe {
  static String bootstrap;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.createTopics(List.of(new NewTopic("txn", 2, (short) 1), new NewTopic("input", 1, (short) 1))).all().get();
      commitsAndAborts(admin);
      fences(admin);
      offsets(admin);
      timeouts(admin);
      manyShort(admin);
    }
    System.out.println("DONE");
  }

  static KafkaProducer<String, String> producer(String id, int timeoutMs) {
    Properties p = new Properties();
    p.put("bootstrap.servers", bootstrap);
    p.put("transactional.id", id);
    p.put("transaction.timeout.ms", timeoutMs);
    p.put("max.block.ms", 20000);
    return new KafkaProducer<>(p, new StringSerializer(), new StringSerializer());
  }

  static List<String> read(String topic, int partitions, String isolation) {
    Properties p = new Properties();
    p.put("bootstrap.servers", bootstrap);
    p.put("isolation.level", isolation);
    List<String> values = new ArrayList<>();
    try (KafkaConsumer<String, String> c = new KafkaConsumer<>(p, new StringDeserializer(), new StringDeserializer())) {
      List<TopicPartition> all = new ArrayList<>();
      for (int i = 0; i < partitions; i++) all.add(new TopicPartition(topic, i));
      c.assign(all);
      c.seekToBeginning(all);
      Map<TopicPartition, Long> ends = c.endOffsets(all);
      while (all.stream().anyMatch(tp -> c.position(tp) < ends.get(tp)))
        for (ConsumerRecord<String, String> r : c.poll(Duration.ofMillis(200))) values.add(r.value());
    }
    Collections.sort(values);
    return values;
  }

  static void check(Object expected, Object found, String what) {
    if (!expected.equals(found)) throw new AssertionError(what + ": expected " + expected + ", found " + found);
    System.out.println("ok " + what);
  }

  static void commitsAndAborts(Admin admin) throws Exception {
    try (KafkaProducer<String, String> p = producer("commit-abort", 60000)) {
      p.initTransactions();
      p.beginTransaction();
      p.send(new ProducerRecord<>("txn", 0, "k", "a"));
      p.send(new ProducerRecord<>("txn", 1, "k", "b"));
      p.commitTransaction();
      p.beginTransaction();
      p.send(new ProducerRecord<>("txn", 0, "k", "never"));
      p.flush();
      check(List.of("a", "b"), read("txn", 2, "read_committed"), "an open transaction is not read");
      p.abortTransaction();
      p.beginTransaction();
      p.send(new ProducerRecord<>("txn", 0, "k", "c"));
      p.commitTransaction();
    }
    check(List.of("a", "b", "c"), read("txn", 2, "read_committed"), "committed records are read");
    check(List.of("a", "b", "c", "never"), read("txn", 2, "read_uncommitted"), "aborted ones too by who wants all");
  }

  static void fences(Admin admin) throws Exception {
    try (KafkaProducer<String, String> old = producer("fenced", 60000);
        KafkaProducer<String, String> young = producer("fenced", 60000)) {
      old.initTransactions();
      old.beginTransaction();
      old.send(new ProducerRecord<>("txn", 0, "k", "of a zombie")).get();
      young.initTransactions();
      young.beginTransaction();
      young.send(new ProducerRecord<>("txn", 0, "k", "d")).get();
      young.commitTransaction();
      String failure = "none";
      try {
        old.send(new ProducerRecord<>("txn", 0, "k", "late")).get();
        old.commitTransaction();
      } catch (ExecutionException | KafkaException e) {
        Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
        failure = cause.getClass().getSimpleName();
      }
      check(true, failure.equals("ProducerFencedException") || failure.equals("InvalidProducerEpochException"), "a zombie is fenced: " + failure);
    }
    try (KafkaProducer<String, String> old = producer("fenced by admin", 60000)) {
      old.initTransactions();
      old.beginTransaction();
      old.send(new ProducerRecord<>("txn", 1, "k", "of another zombie")).get();
      admin.fenceProducers(List.of("fenced by admin")).all().get();
      boolean fenced = false;
      try {
        old.commitTransaction();
      } catch (ProducerFencedException | InvalidProducerEpochException e) {
        fenced = true;
      }
      check(true, fenced, "fenceProducers");
    }
    check(List.of("a", "b", "c", "d"), read("txn", 2, "read_committed"), "nothing of a zombie is read");
  }

  static void offsets(Admin admin) throws Exception {
    try (KafkaProducer<String, String> p = producer("filler", 60000)) {
      p.initTransactions();
      p.beginTransaction();
      for (int i = 0; i < 10; i++) p.send(new ProducerRecord<>("input", 0, "k", "" + i));
      p.commitTransaction();
    }
    Properties c = new Properties();
    c.put("bootstrap.servers", bootstrap);
    c.put("group.id", "copier");
    c.put("enable.auto.commit", "false");
    c.put("auto.offset.reset", "earliest");
    c.put("isolation.level", "read_committed");
    TopicPartition tp = new TopicPartition("input", 0);
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(c, new StringDeserializer(), new StringDeserializer());
        KafkaProducer<String, String> p = producer("copier", 60000)) {
      p.initTransactions();
      consumer.subscribe(List.of("input"));
      int n = 0;
      while (n < 10) n += consumer.poll(Duration.ofMillis(200)).count();
      p.beginTransaction();
      p.sendOffsetsToTransaction(Map.of(tp, new OffsetAndMetadata(4)), consumer.groupMetadata());
      p.abortTransaction();
      check(Map.of(), withoutNull(consumer.committed(Set.of(tp))), "offsets of an aborted transaction");
      p.beginTransaction();
      p.sendOffsetsToTransaction(Map.of(tp, new OffsetAndMetadata(7)), consumer.groupMetadata());
      p.commitTransaction();
      check(7L, consumer.committed(Set.of(tp)).get(tp).offset(), "offsets of a committed transaction");
      p.beginTransaction();
      boolean refused = false;
      try {
        p.sendOffsetsToTransaction(Map.of(tp, new OffsetAndMetadata(9)), new ConsumerGroupMetadata("copier", 77, "nobody", Optional.empty()));
        p.commitTransaction();
      } catch (CommitFailedException e) {
        refused = true;
      }
      check(true, refused, "offsets of who is not a member");
      p.abortTransaction();
      p.beginTransaction();
      p.send(new ProducerRecord<>("txn", 0, "k", "e"));
      p.commitTransaction();
    }
  }

  static Map<?, ?> withoutNull(Map<?, ?> map) {
    Map<Object, Object> copy = new HashMap<>(map);
    copy.values().removeIf(Objects::isNull);
    return copy;
  }

  static void timeouts(Admin admin) throws Exception {
    try (KafkaProducer<String, String> p = producer("slow", 1000)) {
      p.initTransactions();
      p.beginTransaction();
      p.send(new ProducerRecord<>("txn", 0, "k", "too slow")).get();
      long until = System.currentTimeMillis() + 20000;
      // An end past the open transaction is seen by a reader of committed records only when it is aborted.
      while (!ended(admin)) if (System.currentTimeMillis() > until) throw new AssertionError("not aborted");
      boolean fenced = false;
      try {
        p.commitTransaction();
      } catch (ProducerFencedException | InvalidProducerEpochException e) {
        fenced = true;
      }
      check(true, fenced, "a transaction that took too long is aborted");
    }
    try (KafkaProducer<String, String> p = producer("too long", 3600000)) {
      boolean refused = false;
      try {
        p.initTransactions();
      } catch (KafkaException e) {
        refused = e.getMessage().contains("transaction timeout");
      }
      check(true, refused, "transaction.max.timeout.ms");
    }
  }

  static boolean ended(Admin admin) throws Exception {
    TopicPartition tp = new TopicPartition("txn", 0);
    long[] ends = new long[2];
    for (IsolationLevel level : IsolationLevel.values())
      ends[level.ordinal()] = admin.listOffsets(Map.of(tp, OffsetSpec.latest()), new ListOffsetsOptions(level)).partitionResult(tp).get().offset();
    return ends[0] == ends[1];
  }

  static void manyShort(Admin admin) throws Exception {
    try (KafkaProducer<String, String> p = producer("many", 60000)) {
      p.initTransactions();
      int transactions = 300;
      long began = System.nanoTime();
      for (int i = 0; i < transactions; i++) {
        p.beginTransaction();
        p.send(new ProducerRecord<>("input", 0, "k", "" + i));
        p.commitTransaction();
      }
      double ms = (System.nanoTime() - began) / 1e6 / transactions;
      System.out.printf(Locale.ROOT, "%.2f ms per transaction%n", ms);
    }
  }
}
