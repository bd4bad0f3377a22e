import java.nio.file.Files;
import java.nio.file.Path;
import org.jetbrains.kotlin.cli.jvm.K2JVMCompiler;

/** Compiles several modules in one warm process: a file of arguments, one a line, for each. */
public class Compile {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            String[] arguments = Files.readAllLines(Path.of(file)).toArray(new String[0]);
            int code = new K2JVMCompiler().exec(System.err, arguments).getCode();
            if (code != 0) {
                System.err.println(file + " ended with " + code);
                System.exit(code);
            }
        }
    }
}
