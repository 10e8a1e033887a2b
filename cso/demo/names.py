"""Names for the people of a story, as many as it needs and no two alike."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

FIRST = (
    "Aaliyah", "Abel", "Adaeze", "Agnes", "Ahmed", "Alice", "Amélie", "Anders", "Anjali", "Antoine", "Ashok",
    "Beatriz", "Benoît", "Bianca", "Bogdan", "Camila", "Carlos", "Carmen", "Cedric", "Chantal", "Chen", "Chiara",
    "Claire", "Clara", "Dalia", "Daniel", "Darius", "David", "Divya", "Dmitri", "Edith", "Eduardo", "Elena",
    "Elias", "Ella", "Emeka", "Emil", "Emma", "Erik", "Esther", "Étienne", "Farah", "Fatima", "Felix", "Fiona",
    "Florence", "François", "Gabriel", "Gita", "Grace", "Gustavo", "Hana", "Hannah", "Harold", "Hugo", "Ibrahim",
    "Ida", "Imani", "Ingrid", "Isaac", "Isabel", "Ivan", "Jada", "James", "Jasmine", "Javier", "Jean", "Jia",
    "Joseph", "Josée", "Julia", "Kamal", "Karim", "Kateri", "Katya", "Keiko", "Kwame", "Laila", "Lars", "Laura",
    "Leo", "Leila", "Lena", "Luca", "Lucie", "Luis", "Magda", "Mai", "Manon", "Marc", "Maria", "Marta", "Mateo",
    "Mathieu", "Mei", "Mina", "Miriam", "Mohamed", "Nadia", "Naomi", "Nia", "Nicolas", "Nikolai", "Nina", "Olga",
    "Oliver", "Omar", "Oscar", "Pablo", "Parisa", "Paul", "Peter", "Petra", "Pierre", "Quinn", "Rachel", "Rafael",
    "Raj", "Ravi", "Rebecca", "Renée", "Rita", "Robert", "Rosa", "Ruth", "Sami", "Samuel", "Sanjay", "Sara", "Sean",
    "Selma", "Serge", "Sofia", "Soraya", "Stefan", "Suki", "Sven", "Tala", "Tara", "Teresa", "Thomas", "Tomás",
    "Ursula", "Valérie", "Vera", "Victor", "Wanda", "Wei", "William", "Xavier", "Yara", "Yusuf", "Zara", "Zoe",
)  # fmt: skip
LAST = (
    "Abbott", "Achebe", "Adeyemi", "Ahmadi", "Almeida", "Anderson", "Arsenault", "Asante", "Baptiste", "Beaulieu",
    "Bélanger", "Berg", "Bianchi", "Boucher", "Boyd", "Brown", "Campbell", "Cardinal", "Carter", "Chan",
    "Chowdhury", "Clarke", "Cohen", "Costa", "Cruz", "Das", "Davies", "Delgado", "Desjardins", "Diaz", "Dubois",
    "Edwards", "El-Amin", "Fernandes", "Ferrari", "Fofana", "Fontaine", "Fraser", "Gagnon", "Garcia", "Gauthier",
    "Gill", "Girard", "Gomez", "Grant", "Green", "Gupta", "Hansen", "Haq", "Hassan", "Hébert", "Hernandez", "Hill",
    "Hoang", "Huang", "Hughes", "Ivanov", "Jackson", "Jensen", "Johal", "Johnson", "Jones", "Kaur", "Kelly", "Khan",
    "Kim", "King", "Koné", "Kovacs", "Kruger", "Kumar", "Lambert", "Larsen", "Lavoie", "Leblanc", "Lee", "Lefebvre",
    "Li", "Lim", "Lopez", "MacDonald", "MacLeod", "Mahmoud", "Marchand", "Martin", "Mbeki", "McKay", "Mensah",
    "Mercier", "Meyer", "Mitchell", "Moreau", "Morin", "Murphy", "Nakamura", "Ndiaye", "Nelson", "Newman", "Novak",
    "O'Brien", "Ouimet", "Olsen", "Ong", "Osei", "Ouellet", "Park", "Patel", "Pelletier", "Perez", "Petrov",
    "Phan", "Poirier", "Popescu", "Quispe", "Rahman", "Ramos", "Reid", "Reyes", "Rivera", "Robinson", "Rossi",
    "Roy", "Ryan", "Saleh", "Santos", "Sato", "Schmidt", "Scott", "Shah", "Sharma", "Silva", "Simard", "Singh",
    "Smith", "Sokolov", "Stewart", "Sutherland", "Suzuki", "Taylor", "Tessier", "Thompson", "Torres", "Tran",
    "Tremblay", "Vachon", "Vargas", "Walker", "Wang", "Watts", "White", "Williams", "Wilson", "Wong", "Wright",
    "Yamada", "Yang", "Young", "Zhang",
)  # fmt: skip


def full_names(random: Random) -> Iterator[str]:
    """Names without end; after all pairs were used once, with a middle initial."""
    pairs = [f"{first} {last}" for first in FIRST for last in LAST]
    random.shuffle(pairs)
    yield from pairs
    while True:
        first, last = random.choice(FIRST), random.choice(LAST)
        yield f"{first} {random.choice('ABCDEFGHJKLMNPRSTVW')}. {last}"


def mail_address(name: str, number: int, domain: str) -> str:
    """An address in ASCII; the number keeps namesakes apart."""
    plain = name.lower().translate(_PLAIN)
    return f"{'.'.join(plain.split())}{number}@{domain}"


_PLAIN = str.maketrans("éèêëáàâãäíîïóôõöúûüçñ", "eeeeaaaaaiiioooouuucn", ".'")
