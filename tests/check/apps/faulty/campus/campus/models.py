from sqlmodel import Field, Relationship, SQLModel


class Enrolment(SQLModel, table=True):
    student_id: int = Field(foreign_key="student.id", primary_key=True)
    course_id: int = Field(foreign_key="course.id", primary_key=True)  # fault: MW501


class Student(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    courses: list["Course"] = Relationship(back_populates="students", link_model=Enrolment)


class Course(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    seats: int = Field(default=20, sa_column_kwargs={"server_default": "25"})  # fault: MW503
    students: list[Student] = Relationship(back_populates="courses", link_model=Enrolment)


class StudentOut(SQLModel):
    id: int
    number: str


class CourseOut(SQLModel):
    id: int
    title: str
    students: list[StudentOut]
