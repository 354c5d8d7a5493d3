import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A program that is well, or `sick`: two threads wait for each other, and the heap is full. */
class Billing {
    private static final Object ORDERS = new Object();
    private static final Object STOCK = new Object();

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("sick")) {
            deadlock();
            fill();
        }
        System.out.println("ready");
        Thread.sleep(Long.MAX_VALUE);
    }

    private static void deadlock() throws InterruptedException {
        CountDownLatch met = new CountDownLatch(2);
        new Thread(() -> both(ORDERS, STOCK, met), "billing-1").start();
        new Thread(() -> both(STOCK, ORDERS, met), "billing-2").start();
        met.await();
    }

    private static void both(Object first, Object second, CountDownLatch met) {
        synchronized (first) {
            met.countDown();
            try {
                met.await();
            } catch (InterruptedException interrupted) {
                return;
            }
            synchronized (second) {
                System.out.println("never");
            }
        }
    }

    private static void fill() {
        List<byte[]> kept = new ArrayList<>();
        try {
            while (true) {
                kept.add(new byte[64 * 1024]);
            }
        } catch (OutOfMemoryError full) {
            kept.subList(kept.size() - 8, kept.size()).clear();
        }
        new Thread(() -> work(kept), "orders").start();
    }

    private static void work(List<byte[]> kept) {
        try {
            while (!kept.isEmpty()) {
                Thread.sleep(new byte[128 * 1024].length / 8192);
            }
        } catch (InterruptedException interrupted) {
            kept.clear();
        }
    }
}
