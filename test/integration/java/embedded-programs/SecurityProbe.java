import java.io.FileInputStream;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.serialization.*;

/** For each properties file: makes a topic, writes one record, reads it. A file whose name begins with "refused" must fail to authenticate. */
public class SecurityProbe {
  public static void main(String[] args) throws Exception {
    for (String file : args) {
      Properties p = new Properties();
      try (FileInputStream in = new FileInputStream(file)) {
        p.load(in);
      }
      String name = new java.io.File(file).getName();
      try {
        use(p, name.replaceAll("[^a-zA-Z0-9]", "-"));
        if (name.startsWith("refused")) throw new AssertionError(name + " was let in");
      } catch (Exception e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        if (!name.startsWith("refused") || !(cause instanceof AuthenticationException)) throw e;
      }
      System.out.println("ok " + name);
    }
    System.out.println("DONE");
  }

  static void use(Properties p, String topic) throws Exception {
    try (Admin admin = Admin.create(p)) {
      admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
    }
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(p, new StringSerializer(), new StringSerializer())) {
      producer.send(new ProducerRecord<>(topic, "k", "v")).get();
    }
    Properties c = new Properties();
    c.putAll(p);
    c.put("group.id", topic);
    c.put("auto.offset.reset", "earliest");
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(c, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(topic));
      int n = 0;
      while (n == 0) n += consumer.poll(Duration.ofMillis(200)).count();
    }
  }
}
