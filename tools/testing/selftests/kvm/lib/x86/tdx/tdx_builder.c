// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that builds TDs, one step at a time, as it is told to.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kvm_util.h"
#include "processor.h"
#include "tdx/tdx_util.h"
#include "tdx/tdx_builder.h"
#include "tdx/tdx_guest.h"
#include "tdx/tdx_update.h"

#define NR_EXTRA_PAGES	4
#define NR_THREADS	16

struct builder_request {
	enum builder_op op;
	int td;
};

struct builder_reply {
	int ret;
	int err;
};

static void build_half(struct kvm_vm *vm, bool second)
{
	struct userspace_mem_region *region = memslot2region(vm, TD_BOOT_MEMSLOT);
	u64 nr_pages = region->region.memory_size / vm->page_size;
	u64 first = second ? nr_pages / 2 : 0;

	TEST_ASSERT(!__vm_tdx_add_memory(vm, region->region.guest_phys_addr + first * vm->page_size,
					 second ? nr_pages - first : nr_pages / 2, true),
		    "KVM_TDX_INIT_MEM_REGION failed, errno %d", errno);
}

static int build_begin_invalid(struct kvm_vm *vm)
{
	struct {
		struct kvm_tdx_init_vm init_vm;
		struct kvm_cpuid_entry2 entry;
	} args = {
		.init_vm.xfam = XFEATURE_MASK_FP | XFEATURE_MASK_SSE,
		.init_vm.cpuid.nent = 1,
		.entry = {
			.function = 0x80000008,
			.eax = TDX_GPAW << 16,
			/* No module lets all of it be configured. */
			.ebx = -1u,
			.edx = -1u,
		},
	};

	return __vm_tdx_vm_ioctl(vm, KVM_TDX_INIT_VM, 0, &args);
}

static int build_check(struct kvm_vm *vm)
{
	struct kvm_vcpu *vcpu = list_first_entry(&vm->vcpus, struct kvm_vcpu, list);
	u8 expected[SHA384_DIGEST_SIZE], mrtd[SHA384_DIGEST_SIZE];

	vm_tdx_expected_mrtd(vm, expected);
	if (__tdx_vcpu_get_mrtd(vcpu, mrtd))
		return -1;

	errno = 0;
	return memcmp(mrtd, expected, sizeof(mrtd)) ? -1 : 0;
}

static void *begin_thread(void *vm)
{
	return (void *)(long)(__vm_tdx_init_vm(vm, 0) ? errno : 0);
}

/* The others must find the TD initialized, or being initialized. */
static int begin_in_threads(struct kvm_vm *vm)
{
	pthread_t threads[NR_THREADS];
	int i, nr_begun = 0;
	void *err;

	for (i = 0; i < NR_THREADS; i++)
		TEST_ASSERT(!pthread_create(&threads[i], NULL, begin_thread, vm),
			    "pthread_create()");

	for (i = 0; i < NR_THREADS; i++) {
		pthread_join(threads[i], &err);
		if (!err)
			nr_begun++;
		else if ((long)err != EINVAL && (long)err != EBUSY)
			errno = (long)err;
	}

	return errno ? -1 : nr_begun;
}

/* Returns errno. */
static int finalize(void *vm)
{
	int r;

	do {
		r = __vm_tdx_finalize_vm(vm);
	} while (r && errno == EBUSY);

	return r ? errno : 0;
}

static void *finalize_thread(void *vm)
{
	return (void *)(long)finalize(vm);
}

static int finalize_in_thread(struct kvm_vm *vm)
{
	pthread_t thread;
	void *err;

	TEST_ASSERT(!pthread_create(&thread, NULL, finalize_thread, vm), "pthread_create()");
	pthread_join(thread, &err);
	errno = (long)err;
	return errno ? -1 : 0;
}

static int finalize_in_process(struct kvm_vm *vm, int flags)
{
	static u8 stack[64 * 1024] __aligned(16);
	int status;
	pid_t pid;

	pid = clone(finalize, stack + sizeof(stack), flags | SIGCHLD, vm);
	TEST_ASSERT(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status),
		    "No process to finalize the TD");
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

/* Only the test has the end to write to.  Nobody writes: it is closed when the test ends. */
static int test_lives[2] = { -1, -1 };

/* The child holds the VM's file descriptors until it is killed, or the test ends. */
static pid_t lend(int fd)
{
	struct pollfd pollfd = { .fd = test_lives[0] };
	pid_t pid = fork();

	if (!pid) {
		close(fd);
		poll(&pollfd, 1, -1);
		_exit(0);
	}

	return pid;
}

static void interrupt(int signal)
{
}

static int builder_step(struct kvm_vm **vm, enum builder_op op, int fd)
{
	if (!*vm)
		*vm = vm_tdx_create_barebones(1, NR_EXTRA_PAGES);

	switch (op) {
	case BUILD_CREATE:
		return 0;
	case BUILD_BEGIN:
		return __vm_tdx_init_vm(*vm, 0);
	case BUILD_BEGIN_THREADS:
		errno = 0;
		return begin_in_threads(*vm);
	case BUILD_BEGIN_INVALID:
		return build_begin_invalid(*vm);
	case BUILD_ADD:
		vm_tdx_vcpu_add(*vm, 0);
		build_half(*vm, false);
		return 0;
	case BUILD_ADD_REST:
		build_half(*vm, true);
		return 0;
	case BUILD_FINALIZE:
		errno = finalize(*vm);
		return errno ? -1 : 0;
	case BUILD_FINALIZE_ONCE:
		return __vm_tdx_finalize_vm(*vm);
	case BUILD_FINALIZE_THREAD:
		return finalize_in_thread(*vm);
	case BUILD_FINALIZE_CLONE:
		return finalize_in_process(*vm, CLONE_VM | CLONE_FILES);
	case BUILD_FINALIZE_FORK:
		return finalize_in_process(*vm, 0);
	case BUILD_LEND:
		return lend(fd);
	case BUILD_SEND_VM:
	case BUILD_SEND_MEMORY:
		return 0;
	case BUILD_CHECK:
		return build_check(*vm);
	case BUILD_CLOSE:
		kvm_vm_free(*vm);
		*vm = NULL;
		return 0;
	}

	return -1;
}

/* What goes along with the answer, or -1. */
static int fd_to_send(struct kvm_vm *vm, enum builder_op op)
{
	switch (op) {
	case BUILD_SEND_VM:
		return vm->fd;
	case BUILD_SEND_MEMORY:
		return memslot2region(vm, TD_BOOT_MEMSLOT)->region.guest_memfd;
	default:
		return -1;
	}
}

union fd_message {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static bool send_reply(int fd, struct builder_reply *reply, int sent_fd)
{
	struct iovec iovec = { .iov_base = reply, .iov_len = sizeof(*reply) };
	union fd_message control = {
		.header = {
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		},
	};
	struct msghdr message = { .msg_iov = &iovec, .msg_iovlen = 1 };

	if (sent_fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &sent_fd, sizeof(sent_fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}

	return sendmsg(fd, &message, 0) == sizeof(*reply);
}

static bool receive_reply(int fd, struct builder_reply *reply, int *sent_fd)
{
	struct iovec iovec = { .iov_base = reply, .iov_len = sizeof(*reply) };
	union fd_message control = {};
	struct msghdr message = {
		.msg_iov = &iovec,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != sizeof(*reply))
		return false;

	if (CMSG_FIRSTHDR(&message))
		memcpy(sent_fd, CMSG_DATA(&control.header), sizeof(*sent_fd));
	return true;
}

static void builder_main(int fd)
{
	struct sigaction action = { .sa_handler = interrupt };
	struct kvm_vm *vms[TDX_BUILDER_NR_TDS] = {};
	struct builder_request request;
	struct builder_reply reply;

	/* No SA_RESTART: ioctls return EINTR. */
	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);

	while (read(fd, &request, sizeof(request)) == sizeof(request)) {
		errno = 0;
		reply.ret = builder_step(&vms[request.td], request.op, fd);
		reply.err = reply.ret < 0 ? errno : 0;
		if (!send_reply(fd, &reply, fd_to_send(vms[request.td], request.op)))
			break;
	}

	_exit(0);
}

void builder_start(struct builder *builder)
{
	int fds[2];

	TEST_ASSERT(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), "socketpair()");
	TEST_ASSERT(test_lives[0] >= 0 || !pipe2(test_lives, O_CLOEXEC), "pipe2()");

	builder->pid = fork();
	TEST_ASSERT(builder->pid >= 0, "fork()");
	if (!builder->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		close(test_lives[1]);
		builder_main(fds[1]);
	}

	close(fds[1]);
	builder->fd = fds[0];
}

void builder_kill(struct builder *builder)
{
	if (!builder->pid)
		return;

	kill(builder->pid, SIGKILL);
	waitpid(builder->pid, NULL, 0);
	close(builder->fd);
	builder->pid = 0;
}

void builder_ask(struct builder *builder, enum builder_op op, int td)
{
	struct builder_request request = { .op = op, .td = td };

	TEST_ASSERT(write(builder->fd, &request, sizeof(request)) == sizeof(request),
		    "Builder is gone");
}

int builder_answer(struct builder *builder)
{
	struct pollfd pollfd = { .fd = builder->fd, .events = POLLIN };
	struct builder_reply reply;

	TEST_ASSERT(poll(&pollfd, 1, TDX_UPDATE_TIMEOUT_MS) == 1, "Builder does not answer");
	TEST_ASSERT(receive_reply(builder->fd, &reply, &builder->sent_fd), "Builder died");

	if (reply.ret >= 0)
		return reply.ret;
	return reply.err ? -reply.err : 1;
}

int builder_do_td(struct builder *builder, enum builder_op op, int td)
{
	builder_ask(builder, op, td);
	return builder_answer(builder);
}
