import <no-such-thing/lib>
