import java.io.PrintStream;
import java.lang.reflect.Method;
import java.util.*;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;

/**
 * kafka-transactions.sh, several commands in one process: the arguments after the address are commands, split by "--next". Each is
 * announced by a line "> command".
 */
public class TransactionsTool {
  public static void main(String[] args) throws Exception {
    Class<?> tool = Class.forName("org.apache.kafka.tools.TransactionsCommand");
    Method execute = tool.getDeclaredMethod("execute", String[].class, Function.class, PrintStream.class, Time.class);
    execute.setAccessible(true);
    Exit.setExitProcedure((status, message) -> {
      if (status != 0) Runtime.getRuntime().halt(status);
    });
    List<List<String>> commands = new ArrayList<>(List.of(new ArrayList<>()));
    for (String arg : Arrays.asList(args).subList(1, args.length)) {
      if (arg.equals("--next")) commands.add(new ArrayList<>());
      else commands.get(commands.size() - 1).add(arg);
    }
    for (List<String> command : commands) {
      System.out.println("> " + command.get(0));
      List<String> all = new ArrayList<>(List.of("--bootstrap-server", args[0]));
      all.addAll(command);
      Function<Object, Admin> admin = ignored -> Admin.create(Map.of("bootstrap.servers", args[0]));
      execute.invoke(null, all.toArray(new String[0]), admin, System.out, Time.SYSTEM);
    }
  }
}
